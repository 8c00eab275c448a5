using System.Globalization;
using WafOperator.E2e.Shop;
using WafOperator.E2e.Shop.Trial;

// `shop once SECONDS` is the body of a Job: it works for a while and ends.
if (args is ["once", var seconds])
{
    var work = TimeSpan.FromSeconds(double.Parse(seconds, CultureInfo.InvariantCulture));
    Console.WriteLine($"stock-taking for {work.TotalSeconds} s");
    await Task.Delay(work);
    Console.WriteLine("stock-taking is done");
    return 0;
}

// `shop try URL` sends the demo's requests, a JSON line for each; `shop report RESULTS LOG` draws them as a table.
if (args is ["try", var target]) return await TrialRun.RunAsync(new Uri(target), Console.Out, CancellationToken.None);
if (args is ["report", var results, var log]) return TrialReport.Write(File.ReadLines(results), File.ReadLines(log), Console.Out);

var builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.ClearProviders().AddSimpleConsole(console => console.SingleLine = true);
builder.Logging.SetMinimumLevel(LogLevel.Warning);
builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, ShopJson.Default));
builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = 256L << 20);
if (string.IsNullOrEmpty(builder.Configuration["urls"])) builder.WebHost.UseUrls("http://0.0.0.0:8080");

var app = builder.Build();
app.UseWebSockets();
app.MapProbes();
app.MapPages();
app.MapProducts();
app.MapUploads();
app.MapStreams();
app.MapEcho();
await app.RunAsync();
return 0;
