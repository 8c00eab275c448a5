using Microsoft.AspNetCore.Http;

namespace WafOperator.Proxy.Forwarding;

/// <summary>
/// The head of a response goes out as soon as it is there. The forwarder writes it together with the first bytes of the
/// body; where these let wait, the client would wait for the head as well: a call in both directions whose client
/// speaks
/// only once it was answered would wait forever.
/// </summary>
internal static class ResponseHead
{
    /// <summary>
    /// Sends the head if the body's first byte is not here yet. A body that is here, or that has none, costs nothing:
    /// head
    /// and body then leave together, and an end without a body stays one message.
    /// </summary>
    public static ValueTask SendAsync(HttpContext context, HttpResponseMessage response,
        CancellationToken cancellationToken)
    {
        var opening = response.Content.ReadAsStreamAsync(cancellationToken);
        if (!opening.IsCompletedSuccessfully) return OpenAsync(opening, context, response, cancellationToken);
        var first = opening.Result.ReadAsync(Memory<byte>.Empty, cancellationToken);
        if (!first.IsCompletedSuccessfully)
            return FlushAsync(opening.Result, first, context, response, cancellationToken);
        _ = first.Result;
        return ValueTask.CompletedTask;
    }

    private static async ValueTask OpenAsync(
        Task<Stream> opening, HttpContext context, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var stream = await opening;
        var first = stream.ReadAsync(Memory<byte>.Empty, cancellationToken);
        if (first.IsCompletedSuccessfully) _ = first.Result;
        else await FlushAsync(stream, first, context, response, cancellationToken);
    }

    private static async ValueTask FlushAsync(
        Stream stream, ValueTask<int> first, HttpContext context, HttpResponseMessage response,
        CancellationToken cancellationToken)
    {
        var isSilent = !first.IsCompleted;
        response.Content = new StreamContent(new PendingStream(first.AsTask(), default, stream));
        if (isSilent) await context.Response.Body.FlushAsync(cancellationToken);
    }
}
