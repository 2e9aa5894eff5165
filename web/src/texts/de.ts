// All German texts: one chunk.
import first from './first/de';
import views from './views/de';

export default { ...first, ...views };
