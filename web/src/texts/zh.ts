// All Chinese texts: one chunk.
import first from './first/zh';
import views from './views/zh';

export default { ...first, ...views };
