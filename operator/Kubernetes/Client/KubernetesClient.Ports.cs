using System.Text;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Kubernetes.Client;

public sealed partial class KubernetesClient
{
    private static readonly byte[] HeadEnd = "\r\n\r\n"u8.ToArray();

    /// <summary>
    /// One GET to a port of a pod, through the API server and the pod's node as <c>kubectl port-forward</c> does: the
    /// program sees a caller within its pod. Gives status and body.
    /// </summary>
    /// <param name="pod">The pod.</param>
    /// <param name="port">Port within the pod.</param>
    /// <param name="path">Path and query; of the caller's own making, not of strangers.</param>
    /// <param name="bytesMax">Longest answer, with its head.</param>
    public async Task<(int Status, byte[] Body)> GetFromPodAsync(
        NamespacedName pod, int port, string path, int bytesMax, CancellationToken cancellationToken)
    {
        var target = ApiTarget.Of(ApiVerb.Create, BuiltIn.Pods, pod, "portforward");
        using var limit = new CancellationTokenSource(_options.RequestTimeMax, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using var ports = await _transport.ForwardAsync(target, pod, port, both.Token);
            using var stream = ports.GetStream((byte?)0, (byte?)0);
            await stream.WriteAsync(
                Encoding.ASCII.GetBytes($"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n"), both.Token);
            return Answer(await ReadToEndAsync(stream, bytesMax, both.Token), target);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new KubernetesUnreachableException(
                target, $"cannot {target}: no answer within {_options.RequestTimeMax.TotalSeconds:0} s", null);
        }
        catch (IOException failure)
        {
            throw new KubernetesUnreachableException(target, $"cannot {target}: {failure.Message}", failure);
        }
    }

    /// <summary>The answer until its length, as it says, or the end of the connection.</summary>
    private static async Task<byte[]> ReadToEndAsync(Stream stream, int bytesMax, CancellationToken cancellationToken)
    {
        using var answer = new MemoryStream();
        var buffer = new byte[16 << 10];
        while (Remaining(answer) > 0)
        {
            var count = await Task.Run(() => stream.Read(buffer, 0, buffer.Length), cancellationToken)
                .WaitAsync(cancellationToken);
            if (count == 0) break;
            answer.Write(buffer, 0, count);
            if (answer.Length > bytesMax) throw new IOException($"the answer is longer than {bytesMax} bytes");
        }

        return answer.ToArray();
    }

    private static long Remaining(MemoryStream answer)
    {
        var bytes = answer.GetBuffer().AsSpan(0, (int)answer.Length);
        var end = bytes.IndexOf(HeadEnd);
        if (end < 0) return long.MaxValue;
        foreach (var line in Encoding.ASCII.GetString(bytes[..end]).Split("\r\n"))
        {
            if (line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase)
                && int.TryParse(line.AsSpan(15).Trim(), out var length)) return end + 4 + length - answer.Length;
        }

        return long.MaxValue;
    }

    private static (int Status, byte[] Body) Answer(byte[] bytes, ApiTarget target)
    {
        var end = bytes.AsSpan().IndexOf(HeadEnd);
        if (end < 0 || Encoding.ASCII.GetString(bytes, 0, end).Split(' ') is not [_, var code, ..]
            || !int.TryParse(code.Split('\r')[0], out var status))
            throw new KubernetesUnreachableException(target, $"cannot {target}: the port did not answer in HTTP", null);
        return (status, bytes[(end + 4)..]);
    }
}
