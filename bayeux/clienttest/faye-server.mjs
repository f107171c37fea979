// npm faye's own server on a free port; prints its URL, ends with its stdin.
import http from 'node:http';
import { require } from './packages.mjs';

const faye = require('faye');
const timeout = Number(process.argv[process.argv.indexOf('--timeout') + 1] || 45);
const server = http.createServer();
new faye.NodeAdapter({ mount: '/faye', timeout }).attach(server);
server.listen(Number(process.env.PORT || 0), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
process.stdin.resume().on('end', () => process.exit(0));
