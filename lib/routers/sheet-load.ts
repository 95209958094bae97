import { linuxPaths, unitsOf } from './linux';
import { fortigateInterface, tunnelName } from './names';
import { keyFile } from './strongswan';
import { PRODUCT_NAMES, type Product, selectorsOf, type Tunnel } from './tunnel';

type Section = readonly [title: string, lines: readonly string[]];

const TITLES: Readonly<Record<Product, string>> = {
  ...PRODUCT_NAMES,
  strongswan: `Linux: ${PRODUCT_NAMES.strongswan}`,
};

const STEPS: Readonly<Record<Product, (tunnel: Tunnel) => readonly Step[]>> = {
  strongswan: linux,
  vyos,
  fortigate,
};

/** What to do, the command for it, and its output if everything is right. */
interface Step {
  readonly what: string;
  readonly command: readonly string[];
  readonly shows?: string;
}

/** How to set the key, load, verify and roll back, for each product that the end may run. */
export function loadSteps(tunnel: Tunnel): Section[] {
  return tunnel.local.products.map((product) => [TITLES[product], STEPS[product](tunnel).flatMap(stepText)]);
}

function stepText({ what, command, shows }: Step): string[] {
  return [
    `- ${what}`,
    '',
    ...command.map((line) => `      ${line}`),
    ...(shows === undefined ? [] : ['', `  Expected: ${shows}`]),
    '',
  ];
}

function linux(tunnel: Tunnel): Step[] {
  const name = tunnelName(tunnel);
  const children = selectorsOf(tunnel).length;
  const paths = linuxPaths(tunnel);
  const key = `/etc/swanctl/conf.d/${keyFile(tunnel)}`;
  const { 'swanctl.conf': connection, 'routes.batch': routes, ...others } = paths;
  return [
    {
      what: 'Set the key, the same one on both routers, in a file that only root can read:',
      command: [`install -m 600 /dev/null ${key}`, `editor ${key}   # secret = "…"`],
    },
    {
      what: 'Install the files:',
      command: Object.entries(paths).map(([file, path]) => `install -D -m 644 ${file} ${path}`),
    },
    {
      what: 'Load them. At each boot the units do the same, and charon-systemd loads the connections:',
      command: [
        `sysctl -p ${paths['sysctl.conf']}`,
        `systemctl daemon-reload && systemctl enable --now ${unitsOf(tunnel).join(' ')}`,
        'swanctl --load-all',
      ],
      shows: `"loaded connection '${name}'" and "successfully loaded … connections, 0 unloaded".`,
    },
    {
      what: 'Verify:',
      command: [`swanctl --list-sas --ike ${name}`],
      shows: `ESTABLISHED, and INSTALLED ${children} times, each with its two ranges.`,
    },
    {
      what: 'Check that no other rule translates sources earlier:',
      command: ["nft -y list chains | grep 'type nat hook postrouting'"],
      shows: 'a priority of 90 or more in every line. This VPN has 90.',
    },
    {
      what: 'Rotate the key: write the new one on both routers, load it on both, then reauthenticate from one of them:',
      command: ['swanctl --load-creds', `swanctl --rekey --ike ${name} --reauth`],
    },
    {
      what: 'Roll back, which also deletes the key. Packets to the other end then follow the other routes of this router, unencrypted:',
      command: [
        `rm ${connection} ${key}`,
        'swanctl --load-all --noprompt',
        `swanctl --terminate --ike ${name} || true   # none if it was down`,
        `sed -n 's/^route replace/route del/p' ${routes} | ip -force -batch -`,
        `systemctl disable --now ${unitsOf(tunnel).join(' ')}`,
        `nft delete table inet onprem-link-${name}`,
        `rm ${routes} ${Object.values(others).join(' ')}`,
        'systemctl daemon-reload',
        "find /etc/onprem-link -name '*.routes' -exec ip -batch {} ';'   # what other VPNs of this router also need",
      ],
    },
  ];
}

function vyos(tunnel: Tunnel): Step[] {
  const name = tunnelName(tunnel);
  return [
    {
      what: 'Check whether the numbers of the NAT rules are taken. If they are, set firstRule in the site:',
      command: ["show configuration commands | match '^set nat (source|destination) rule'"],
    },
    {
      what: 'Load: in configuration mode, paste vyos.set, set the key, and commit with an automatic rollback:',
      command: [`set vpn ipsec authentication psk ${name} secret '…'`, 'commit-confirm 5', 'confirm', 'save'],
    },
    {
      what: 'Verify:',
      command: ['show vpn ipsec sa'],
      shows: `${selectorsOf(tunnel).length} lines for ${name} with the state "up".`,
    },
    { what: 'Roll back:', command: ['rollback 1', 'commit'] },
  ];
}

function fortigate(tunnel: Tunnel): Step[] {
  const name = fortigateInterface(tunnelName(tunnel));
  return [
    {
      what: 'Save the configuration, so that you can roll back:',
      command: ['execute backup config flash before-vpn'],
    },
    {
      what: 'Load: paste fortigate.conf. In the first block add the key before "next":',
      command: ['set psksecret <key>'],
    },
    {
      what: 'Verify:',
      command: [`get vpn ipsec tunnel name ${name}`, `diagnose vpn tunnel list name ${name}`],
      shows: `${selectorsOf(tunnel).length} selectors, each with an SA.`,
    },
    { what: 'Roll back:', command: ['execute restore config flash <revision>'] },
  ];
}
