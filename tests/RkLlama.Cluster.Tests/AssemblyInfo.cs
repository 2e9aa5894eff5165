// Four nodes and a balancer at a time: what is measured here is measured in time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
