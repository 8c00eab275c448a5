using WafOperator.Kubernetes;
using WafOperator.Operator.Host;

// Expected failures are one line and an exit status; anything else is a bug and shows its stack trace.
try
{
    return await OperatorCommand.Build(OperatorHost.RunAsync).Parse(args).InvokeAsync();
}
catch (KubernetesException failure)
{
    Console.Error.WriteLine($"waf-operator: {failure.Message}");
    return 1;
}
