using System.Text;

namespace WafOperator.Proxy.Tests.Unseen;

/// <summary>
/// Calls as browsers make them: the messages of gRPC in an ordinary body, also in base64 as a whole, frame by frame, or
/// in whatever pieces the client had at hand. Servers tell them by their type alone.
/// </summary>
internal static class WebCalls
{
    public static CarriedBody Any(Random random, Padding padding, string value)
    {
        var message = random.Next(5) == 0
            ? Encoding.Latin1.GetBytes($"{{\"q\":[\"{Encodings.Json(random, value)}\"]}}")
            : ProtobufMessages.Any(random, padding, value).Message;
        var (coding, framed) = CallCarriers.Framed(random, message);
        List<byte[]> frames = [];
        for (var i = random.Next(3); i > 0; i--) frames.Add(CallCarriers.Harmless(random));
        frames.Add(framed);
        for (var i = random.Next(3); i > 0; i--) frames.Add(CallCarriers.Harmless(random));
        var isText = random.Next(2) == 0;
        string[] types = isText
            ? ["application/grpc-web-text", "application/grpc-web-text+proto", "Application/gRPC-Web-Text"]
            : ["application/grpc-web", "application/grpc-web+proto", "application/grpc", "application/connect+json"];
        return new CarriedBody(
            isText ? "gRPC-Web in base64" : "gRPC-Web", types[random.Next(types.Length)],
            isText ? Base64(random, frames) : Encoding.Latin1.GetString([.. frames.SelectMany(frame => frame)]))
        {
            IsTypeHeeded = true, Headers = coding.Length == 0 ? [] : [$"grpc-encoding: {coding}"],
        };
    }

    private static string Base64(Random random, List<byte[]> frames) => random.Next(3) switch
    {
        0 => Convert.ToBase64String([.. frames.SelectMany(frame => frame)]),
        1 => string.Concat(frames.Select(Convert.ToBase64String)),
        _ => string.Concat(frames.Select(frame =>
            Convert.ToBase64String(frame.AsSpan(0, 5)) + Convert.ToBase64String(frame.AsSpan(5)))),
    };
}
