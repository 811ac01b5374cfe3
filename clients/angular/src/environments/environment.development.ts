/* Settings under development: `npm start` serves the client at http://localhost:4200, and `python server.py` runs beside. */

export const environment = { server: 'http://127.0.0.1:5000' };
