// The API, as the running console asks it.
import { HttpApi } from "../adapters/http.ts";

export const api = new HttpApi();
