using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace WafOperator.Sidecar.Host;

/// <summary>
/// Offers one file by its digest, for a while: how the operator reads packages off PersistentVolumeClaims, which only a
/// pod of the claim's namespace can mount. Whoever knows the digest may have the file; anything else is answered 404.
/// </summary>
internal static class OfferCommand
{
    /// <summary>Port of the offer.</summary>
    public const int Port = 16521;

    /// <summary>Long enough for every replica of the operator to come by.</summary>
    private static readonly TimeSpan OfferedFor = TimeSpan.FromSeconds(90);

    public static async Task<int> RunAsync(SidecarTask.Offer offer, TextWriter errors,
        CancellationToken cancellationToken)
    {
        if (await ProblemAsync(offer, cancellationToken) is { } problem)
        {
            await errors.WriteLineAsync($"waf-sidecar: {problem}");
            if (File.Exists(EvaluateCommand.TerminationLog))
                await File.WriteAllTextAsync(EvaluateCommand.TerminationLog, problem, cancellationToken);
            return ExitCodes.Failed;
        }

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(Endpoints.Any(offer.Port)));
        await using var app = builder.Build();
        app.Run(context => AnswerAsync(context, offer));
        await app.StartAsync(cancellationToken);
        await Task.Delay(OfferedFor, cancellationToken);
        await app.StopAsync(cancellationToken);
        return ExitCodes.Ok;
    }

    private static async Task<string?> ProblemAsync(SidecarTask.Offer offer, CancellationToken cancellationToken)
    {
        try
        {
            await using var file = File.OpenRead(offer.File);
            var digest = "sha256:" + Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellationToken));
            return digest == offer.Digest ? null
                : $"the file's digest is {digest}, not {offer.Digest}: it was changed or is another one";
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return $"the claim has no such file, or it cannot be read: {failure.Message}";
        }
    }

    private static async Task AnswerAsync(HttpContext context, SidecarTask.Offer offer)
    {
        if (context.Request.Path != "/" + offer.Digest)
        {
            context.Response.StatusCode = (int)HttpStatusCode.NotFound;
            return;
        }

        context.Response.ContentType = "application/octet-stream";
        await context.Response.SendFileAsync(offer.File, context.RequestAborted);
    }
}
