using System.Security.Cryptography;

namespace WafOperator.E2e.Shop;

/// <summary>Uploads: a multipart form, and a raw body that is read as a stream of any length.</summary>
internal static class Uploads
{
    public static void MapUploads(this WebApplication app)
    {
        app.MapPost("/upload", async (HttpRequest request, CancellationToken cancellation) =>
        {
            if (!request.HasFormContentType) return Results.Text("multipart/form-data expected", statusCode: 415);
            var form = await request.ReadFormAsync(cancellation);
            var files = new List<UploadedFile>();
            foreach (var file in form.Files)
            {
                await using var content = file.OpenReadStream();
                var hash = await SHA256.HashDataAsync(content, cancellation);
                files.Add(new(file.Name, file.FileName, file.Length, Convert.ToHexStringLower(hash)));
            }
            return Results.Ok<IReadOnlyList<UploadedFile>>(files);
        }).DisableAntiforgery();

        app.MapPut("/sink", async (HttpRequest request, CancellationToken cancellation) =>
        {
            var (bytes, sha256, _) = await ReadAsync(request.Body, keptMax: 0, cancellation);
            return Results.Ok(new ReceivedBody(bytes, sha256));
        });
    }

    /// <summary>Reads to the end; keeps at most <paramref name="keptMax"/> bytes.</summary>
    public static async Task<(long Bytes, string Sha256, byte[] Kept)> ReadAsync(Stream body, int keptMax, CancellationToken cancellation)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var kept = new MemoryStream();
        var buffer = new byte[64 << 10];
        long bytes = 0;
        int read;
        while ((read = await body.ReadAsync(buffer, cancellation)) > 0)
        {
            hash.AppendData(buffer, 0, read);
            kept.Write(buffer, 0, (int)Math.Min(read, Math.Max(0, keptMax - kept.Length)));
            bytes += read;
        }
        return (bytes, Convert.ToHexStringLower(hash.GetHashAndReset()), kept.ToArray());
    }
}
