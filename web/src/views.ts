// The views that are not part of the first load.
export { ClusterView } from './cluster/cluster-view';
export { DoctorView } from './doctor/doctor-view';
export { ModelsView } from './models/models-view';
export { loadPlot } from './node/chart';
export { NodeView } from './node/node-view';
