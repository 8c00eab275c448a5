using WafOperator.Models.Server.Hosting;

return await ServerProgram.RunAsync(args, Environment.GetEnvironmentVariable, Console.Out, Console.Error);
