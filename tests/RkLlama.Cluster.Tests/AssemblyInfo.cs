// No parallel tests: each starts four nodes and a balancer, and other load would change the measured times.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
