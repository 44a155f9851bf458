// What the reference uses of Swagger UI, whose package carries no types.
declare module "swagger-ui-dist/swagger-ui-es-bundle.js" {
  interface Sent {
    url: string;
    headers: Record<string, string>;
  }
  interface Options {
    url: string;
    dom_id: string;
    deepLinking: boolean;
    docExpansion: "none" | "list" | "full";
    defaultModelsExpandDepth: number;
    filter: boolean;
    persistAuthorization: boolean;
    tryItOutEnabled: boolean;
    validatorUrl: string | null;
    requestInterceptor: (request: Sent) => Sent;
  }
  export default function SwaggerUI(options: Options): unknown;
}
