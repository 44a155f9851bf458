// The API reference with a request form, at /schema: Swagger UI over the hub's own document. Nothing is asked of elsewhere.
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";

const dark = matchMedia("(prefers-color-scheme: dark)");
const dye = (): void => void document.documentElement.classList.toggle("dark-mode", dark.matches);
dye();
dark.addEventListener("change", dye);

SwaggerUI({
  url: "schema/openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  docExpansion: "none",
  defaultModelsExpandDepth: 0,
  filter: true,
  persistAuthorization: false,
  tryItOutEnabled: true,
  // A page that sends what it has read to be judged elsewhere: never.
  validatorUrl: null,
  // With the console's cookie a request counts only if it says that a page of the hub's own sends it.
  requestInterceptor: (request) => {
    if (new URL(request.url, location.href).origin === location.origin) request.headers["X-Hub-Csrf"] = "1";
    return request;
  },
});
