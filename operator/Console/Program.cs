using WafOperator.Console;

return await ConsoleCommand.InvokeAsync(args, System.Console.Out, System.Console.Error);
