/* Settings of the production build. It asks the server that it is served from, so that nothing has to be allowed across
   origins; a proxy in front of both passes the API on. */

export const environment = { server: '' };
