import SwaggerUIBundle from 'swagger-ui-dist/swagger-ui-es-bundle.js';
import 'swagger-ui-dist/swagger-ui.css';
import '@fontsource-variable/ibm-plex-sans/wght.css';
import './docs.css';

SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#api',
  deepLinking: true,
  // The viewer would otherwise send the description to a public validator.
  validatorUrl: null,
  // A pasted token lives as long as the page.
  persistAuthorization: false,
  tryItOutEnabled: true,
  defaultModelsExpandDepth: 0,
});
