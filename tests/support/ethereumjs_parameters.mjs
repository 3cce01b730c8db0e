// EthereumJS copies all parameters so far for each fork and EIP, for every header and transaction that it
// reads: half of what the node computes. The same parameters, gathered in one object.
import { pathToFileURL } from "node:url";

const common = new URL("../@ethereumjs/common/dist/esm/index.js", pathToFileURL(process.argv[1]));
const { Common } = await import(common);
if (!Common.prototype._mergeWithParamsCache) throw new Error("EthereumJS gathers its parameters otherwise now");
Common.prototype._mergeWithParamsCache = function (parameters) {
  Object.assign(this._paramsCache, parameters);
};
