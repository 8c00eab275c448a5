using Microsoft.AspNetCore.Http;
using WafOperator.Protocols.Inference;

namespace WafOperator.Models.Server.Endpoints;

/// <summary>
/// Asks callers for a code of the pool's key, and proves to them that the answer is the pool's. Health, status and
/// metrics are for
/// kubelets, the operator and Prometheus, which have no key. Thread-safe.
/// </summary>
/// <param name="access">Keys of the pool now; null where the server belongs to no pool, or to one without keys.</param>
/// <param name="time">Clock.</param>
internal sealed class CallerCheck(Func<PoolAccess?> access, TimeProvider time)
{
    /// <exception cref="RefusedException">The call is not by somebody with the key.</exception>
    public void Check(HttpContext http)
    {
        if (access() is not { } keys) return;
        var header = (string?)http.Request.Headers[PoolAccess.CallHeader];
        var call = keys.Read(
            header, http.Request.Method, http.Request.Path.Value ?? "", time.GetUtcNow(), out var problem);
        http.Features.Set(call ?? throw new RefusedException(InferenceErrorCode.Unauthorized, problem!));
    }

    /// <exception cref="RefusedException">The body is not the one that the call's code is about.</exception>
    public static void CheckBody(HttpContext http, ReadOnlySpan<byte> body)
    {
        if (http.Features.Get<SignedCall>() is { } call && !call.IsBody(body))
            throw new RefusedException(InferenceErrorCode.Unauthorized,
                "the body is not the one that the call's code is about");
    }

    /// <summary>Before the answer begins.</summary>
    public static void Prove(HttpContext http, ReadOnlySpan<byte> body)
    {
        if (http.Features.Get<SignedCall>() is { } call)
            http.Response.Headers[PoolAccess.AnswerHeader] = call.Answer(http.Response.StatusCode, body);
    }
}
