using Microsoft.AspNetCore.Http;
using WafOperator.Proxy.Blocking;
using WafOperator.Proxy.Decisions;

namespace WafOperator.Proxy.Messages;

/// <summary>How the client of an ended stream is told, in its protocol's own terms.</summary>
internal static class MessageEnd
{
    /// <summary>Status of gRPC (https://grpc.github.io/grpc/core/md_doc_statuscodes.html).</summary>
    public static string GrpcStatus(in Decision decision) => decision.Reason switch
    {
        DecisionReason.Limit when decision.StatusCode == StatusCodes.Status413PayloadTooLarge => "8",
        DecisionReason.Unavailable => "14",
        DecisionReason.Protocol => "3",
        _ => "7",
    };

    /// <summary>Code of a WebSocket's Close frame (RFC 6455, section 7.4.1).</summary>
    public static ushort CloseCode(in Decision decision) => decision.Reason switch
    {
        DecisionReason.Limit when decision.StatusCode == StatusCodes.Status413PayloadTooLarge => 1009,
        DecisionReason.Unavailable => 1013,
        DecisionReason.Protocol => 1002,
        _ => 1008,
    };

    /// <summary>Ends a call: a response of trailers only, or trailers behind what was sent already.</summary>
    public static void EndCall(HttpResponse response, in Decision decision, string eventId)
    {
        var status = GrpcStatus(decision);
        var message = $"refused by the firewall, event {eventId}";
        if (response.HasStarted)
        {
            if (!response.SupportsTrailers()) return;
            response.AppendTrailer("grpc-status", status);
            response.AppendTrailer("grpc-message", message);
            return;
        }

        response.Clear();
        response.ContentType = "application/grpc";
        response.Headers["grpc-status"] = status;
        response.Headers["grpc-message"] = message;
        response.Headers[BlockResponder.EventIdHeader] = eventId;
    }
}
