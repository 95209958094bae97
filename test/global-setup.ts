/** jest runs this once before all tests: its workers inherit the folder of the fixture site. */
export { fixtureSite as default } from './fixture-site';
