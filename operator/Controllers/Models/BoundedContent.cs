namespace WafOperator.Controllers.Models;

/// <summary>Reads an answer's body up to a bound.</summary>
internal static class BoundedContent
{
    public static async Task<ArtifactFetch> ReadAsync(
        HttpResponseMessage answer, long bytesMax, CancellationToken cancellationToken)
    {
        if (answer.Content.Headers.ContentLength > bytesMax)
            return ArtifactFetch.Never(
                $"the artifact has {answer.Content.Headers.ContentLength} bytes; spec.artifact.sizeLimit allows {bytesMax}");
        await using var stream = await answer.Content.ReadAsStreamAsync(cancellationToken);
        using var content = new MemoryStream();
        var buffer = new byte[64 << 10];
        int count;
        while ((count = await stream.ReadAsync(buffer, cancellationToken)) > 0)
        {
            if (content.Length + count > bytesMax)
                return ArtifactFetch.Never(
                    $"the artifact has more than the {bytesMax} bytes that spec.artifact.sizeLimit allows");
            content.Write(buffer, 0, count);
        }

        return ArtifactFetch.Of(content.ToArray());
    }
}
