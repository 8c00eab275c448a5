using WafOperator.Cli;
using WafOperator.Cli.Running;

return await WafCommand.InvokeAsync(args, CliEnvironment.OfProcess());
