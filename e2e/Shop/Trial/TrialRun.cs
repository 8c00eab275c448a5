using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace WafOperator.E2e.Shop.Trial;

/// <summary>One line of a trial's result file.</summary>
internal sealed record TrialResult(TrialKind Kind, string Title, int Status, string Text);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(TrialResult))]
internal sealed partial class TrialJson : JsonSerializerContext;

/// <summary>Sends all cases, one after the other, and writes one JSON line for each.</summary>
internal static class TrialRun
{
    public static async Task<int> RunAsync(Uri target, TextWriter output, CancellationToken cancellation)
    {
        using var client = new TrialClient(target);
        foreach (var trial in TrialCase.All)
        {
            var answer = await AnswerAsync(trial, client, cancellation);
            var result = new TrialResult(trial.Kind, trial.Title, answer.Status, answer.Text);
            await output.WriteLineAsync(JsonSerializer.Serialize(result, TrialJson.Default.TrialResult));
            await output.FlushAsync(cancellation);
        }
        return 0;
    }

    private static async Task<TrialAnswer> AnswerAsync(TrialCase trial, TrialClient client, CancellationToken cancellation)
    {
        try
        {
            return await trial.Send(client, cancellation);
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException or WebSocketException or TaskCanceledException)
        {
            return new(0, broken.Message);
        }
    }
}
