export { routeKey as identityOf } from '../../network';
