using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using WafOperator.Distribution.Callers;

namespace WafOperator.Distribution.Blobs;

/// <summary>
/// Serves blobs (crds/Protocols/Distribution.md). Knowing a digest is no right to the bytes: a namespace gets what is
/// its own. Others' blobs are answered like blobs that do not exist.
/// </summary>
/// <param name="blobs">The blobs.</param>
/// <param name="isOf">Whether a blob belongs to a namespace: namespace, digest.</param>
/// <param name="callers">Who calls.</param>
public sealed class BlobEndpoint(BlobStore blobs, Func<string, string, bool> isOf, CallerAuthenticator callers)
{
    /// <summary>The console's service account, and whether a blob is of any namespace; null: there is none.</summary>
    public (Caller Account, Func<string, bool> IsOfAny)? Console { get; init; }

    /// <summary>Maps the call.</summary>
    public void Map(IEndpointRouteBuilder routes) => routes.MapGet("/v1/blobs/{digest}", GetAsync);

    private async Task GetAsync(HttpContext context, string digest)
    {
        var caller = await callers.AuthenticateAsync(
            context.Request.Headers.Authorization, context.Connection.RemoteIpAddress, context.RequestAborted);
        var (status, words) = caller.Caller is null ? (caller.StatusCode, caller.Refusal ?? "refused")
            : (404, $"namespace {caller.Caller.Namespace} has no such blob: digests are sha256: and 64 hexadecimal "
                + "digits, and name packages of the namespace's own verified ModelVersions");
        var path = caller.Caller is { } known && BlobStore.IsDigest(digest) && MayHave(known, digest)
            ? blobs.Find(digest) : null;
        if (path is null)
        {
            await Results.Problem(statusCode: status, detail: words).ExecuteAsync(context);
            return;
        }

        context.Response.Headers.CacheControl = "immutable, private";
        await Results.File(path, "application/octet-stream", enableRangeProcessing: true).ExecuteAsync(context);
    }

    /// <summary>The console judges by policies of all namespaces, with their models.</summary>
    private bool MayHave(Caller caller, string digest) => isOf(caller.Namespace, digest)
        || Console is var (account, isOfAny) && caller.Namespace == account.Namespace
            && caller.ServiceAccount == account.ServiceAccount && isOfAny(digest);
}
