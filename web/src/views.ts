// The views that are not part of the first load.
import { loadPlot } from './node/chart';
import { startPulls } from './state/pulls';

export { FirstModel } from './chat/first-model';
export { ClusterView } from './cluster/cluster-view';
export { DoctorView } from './doctor/doctor-view';
export { ModelsView } from './models/models-view';
export { NodeView } from './node/node-view';

startPulls();

// What the views load later.
export const prepare = loadPlot;
