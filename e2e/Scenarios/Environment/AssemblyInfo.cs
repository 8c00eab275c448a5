// One cluster, one operator: scenarios that stop it must not run beside others.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
