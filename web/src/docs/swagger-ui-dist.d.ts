declare module 'swagger-ui-dist/swagger-ui-es-bundle.js' {
  interface Options {
    url: string;
    dom_id: string;
    deepLinking: boolean;
    validatorUrl: string | null;
    persistAuthorization: boolean;
    tryItOutEnabled: boolean;
    defaultModelsExpandDepth: number;
  }
  export default function SwaggerUIBundle(options: Options): unknown;
}
