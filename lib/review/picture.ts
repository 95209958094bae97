/** A site as a picture needs it: texts only, so that whoever knows a site can describe it. */
export interface Picture {
  readonly site: string;
  readonly nodes: readonly PictureSubnet[];
  readonly pods: readonly string[];
  /** Whose table entry shows the nodes' next hop. */
  readonly privateNetworks: readonly string[];
  readonly networks: readonly PictureNetwork[];
  readonly services: readonly PictureService[];
  /** Routes that belong to no network, by the way they take. */
  readonly otherRoutes: readonly { readonly way: string; readonly subnets: readonly string[] }[];
}

/** A range and, where routers translate, the one under which the other end sees it. */
export interface PictureSubnet {
  readonly real: string;
  readonly mapped?: string;
}

export interface PictureNetwork {
  readonly name: string;
  readonly subnets: readonly PictureSubnet[];
  /** Addresses of the routers on the Internet, where they are known. */
  readonly vpn?: { readonly cluster: string; readonly onPremise: string };
}

export interface PictureService {
  /** `default/orders-service`. */
  readonly name: string;
  readonly ports: readonly number[];
  /** Where its servers stand: which network, which of its subnets, and their own addresses. */
  readonly servers: readonly { readonly network: number; readonly subnet: number; readonly real: string }[];
}
