using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using WafOperator.Protocols.Events;
using WafOperator.Proxy.Decisions;

namespace WafOperator.Proxy.Inspection;

/// <content>What ends an exchange before its decision, or in the middle of the answer.</content>
internal sealed partial class Exchange
{
    /// <summary>
    /// Ends the exchange with what went wrong. False for faults of ours, which are counted and left to the server: it
    /// answers 500, writes them down, and serves on.
    /// </summary>
    private async ValueTask<bool> EndAsync(Exception failure)
    {
        switch (failure)
        {
            case BadHttpRequestException broken:
                Broken(broken.StatusCode);
                return true;
            case OperationCanceledException or ConnectionResetException or IOException:
                _services.Meters.Incident("client_gone");
                _http.Abort();
                return true;
            case OutOfMemoryException:
                await EndWithoutMemoryAsync();
                return true;
            default:
                _services.Meters.Incident("request_failed");
                return false;
        }
    }

    /// <summary>
    /// There was no memory for the next step, and so nobody knows what is in the request: refused in every mode, as
    /// where there is no room for it. What it held is given back first. Where not even the refusal finds memory, the
    /// connection ends.
    /// </summary>
    private async ValueTask EndWithoutMemoryAsync()
    {
        _services.Meters.Incident("out_of_memory");
        _held?.Dispose();
        if (_http.Response.HasStarted)
        {
            _http.Abort();
            return;
        }

        try
        {
            _http.Response.Clear();
            _decision = WithoutMemory;
            await RefuseAsync();
        }
        catch (Exception again) when (again is not OperationCanceledException)
        {
            _http.Abort();
        }
    }

    /// <summary>What a client is told that the process had no memory for.</summary>
    internal static readonly Decision WithoutMemory =
        new(VerdictKind.Unavailable, VerdictKind.Unavailable, DecisionReason.Unavailable, 503)
        {
            Message = "no memory was left to inspect the request", RetryAfter = TimeSpan.FromSeconds(1),
        };

    private void Broken(int status)
    {
        _services.Meters.Incident(status is StatusCodes.Status408RequestTimeout ? "client_slow" : "request_broken");
        if (_http.Response.HasStarted)
        {
            _http.Abort();
            return;
        }

        _http.Response.Clear();
        _http.Response.StatusCode = status;
        if (!Microsoft.AspNetCore.Http.HttpProtocol.IsHttp2(_http.Request.Protocol))
            _http.Response.Headers.Connection = "close";
    }
}
