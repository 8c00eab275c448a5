using WafOperator.Operator.Host;

return await OperatorCommand.InvokeAsync(args, OperatorHost.RunAsync, Console.Error);
