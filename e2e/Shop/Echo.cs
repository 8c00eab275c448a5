using System.Text;
using Microsoft.AspNetCore.Http.Features;

namespace WafOperator.E2e.Shop;

/// <summary>Answers any method below /echo with the request as it arrived here.</summary>
internal static class Echo
{
    private const int BodyKeptMax = 64 << 10;

    public static void MapEcho(this WebApplication app) => app.Map("/echo/{**rest}", async (HttpContext context) =>
    {
        var request = context.Request;
        var (bytes, sha256, kept) = await Uploads.ReadAsync(request.Body, BodyKeptMax, context.RequestAborted);
        return Results.Ok(new EchoedRequest(
            request.Method,
            context.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "",
            request.Path,
            request.QueryString.Value ?? "",
            request.Protocol,
            context.Connection.RemoteIpAddress?.ToString(),
            request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString()),
            bytes,
            sha256,
            bytes is > 0 and <= BodyKeptMax ? Encoding.UTF8.GetString(kept) : null));
    });
}
