/** jest runs this once before all tests, so that its workers inherit the folder of the fixture site. */
export { fixtureSite as default } from './fixture-site';
