// Preloaded into the emulator's Kinesis, which binds every interface: makes every server listen on 127.0.0.1 only.
const net = require("node:net");

const listen = net.Server.prototype.listen;

net.Server.prototype.listen = function (...args) {
  const callback = typeof args.at(-1) === "function" ? [args.pop()] : [];
  const options = typeof args[0] === "object" && args[0] !== null ? args[0] : { port: args[0] };
  return listen.call(this, { ...options, host: "127.0.0.1" }, ...callback);
};
