using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace WafOperator.Fixtures;

/// <summary>
/// An OTLP collector on a loopback port: takes traces by HTTP in Protobuf, as collectors do, and keeps the spans.
/// </summary>
public sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly WebApplication _web;

    private OtlpReceiver(WebApplication web) => _web = web;

    /// <summary>Where exporters send to.</summary>
    public Uri Endpoint => new(_web.Urls.First() + "/v1/traces");

    /// <summary>All spans that came.</summary>
    public ConcurrentQueue<OtlpSpan> Spans { get; } = new();

    public static async Task<OtlpReceiver> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var web = builder.Build();
        var receiver = new OtlpReceiver(web);
        web.MapPost("/v1/traces", receiver.TakeAsync);
        await web.StartAsync();
        return receiver;
    }

    public ValueTask DisposeAsync() => _web.DisposeAsync();

    private async Task<IResult> TakeAsync(HttpRequest request)
    {
        if (request.ContentType != "application/x-protobuf") return Results.StatusCode(415);
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body);
        var message = Fields(body.ToArray());
        foreach (var resource in message.Where(field => field.Number == 1).Select(field => Fields(field.Bytes)))
        {
            var described = resource.Where(field => field.Number == 1)
                .SelectMany(field => AttributesOf(Fields(field.Bytes), 1)).ToDictionary(StringComparer.Ordinal);
            foreach (var scope in resource.Where(field => field.Number == 2).Select(field => Fields(field.Bytes)))
            {
                foreach (var span in scope.Where(field => field.Number == 2))
                    Spans.Enqueue(SpanOf(Fields(span.Bytes), described));
            }
        }

        return Results.Bytes([], "application/x-protobuf");
    }

    private static OtlpSpan SpanOf(List<Field> span, IReadOnlyDictionary<string, string> resource) => new(
        Hex(span, 1), Hex(span, 2), Hex(span, 4), Text(span, 5),
        AttributesOf(span, 9).ToDictionary(StringComparer.Ordinal),
        [.. span.Where(field => field.Number == 11).Select(field => Text(Fields(field.Bytes), 2))], resource);

    private static string Hex(List<Field> fields, int number) => Convert.ToHexStringLower(
        fields.Find(field => field.Number == number)?.Bytes ?? []);

    private static string Text(List<Field> fields, int number) => Encoding.UTF8.GetString(
        fields.Find(field => field.Number == number)?.Bytes ?? []);

    /// <summary>KeyValue messages: the key, and the value as text.</summary>
    private static IEnumerable<KeyValuePair<string, string>> AttributesOf(List<Field> message, int number) =>
        from field in message
        where field.Number == number
        let pair = Fields(field.Bytes)
        let value = Fields(pair.Find(part => part.Number == 2)?.Bytes ?? []).FirstOrDefault()
        select KeyValuePair.Create(
            Text(pair, 1), value is { Number: 1 } ? Encoding.UTF8.GetString(value.Bytes) : $"{value?.Value}");

    /// <summary>The fields of a Protobuf message, one level deep.</summary>
    private static List<Field> Fields(byte[] message)
    {
        var fields = new List<Field>();
        var at = 0;
        while (at < message.Length)
        {
            var tag = Varint(message, ref at);
            var number = (int)(tag >> 3);
            switch (tag & 7)
            {
                case 0:
                    fields.Add(new Field(number, [], Varint(message, ref at)));
                    break;
                case 1:
                    fields.Add(new Field(number, [], BinaryPrimitives.ReadUInt64LittleEndian(message.AsSpan(at))));
                    at += 8;
                    break;
                case 2:
                    var length = (int)Varint(message, ref at);
                    fields.Add(new Field(number, message[at..(at + length)], 0));
                    at += length;
                    break;
                case 5:
                    fields.Add(new Field(number, [], BinaryPrimitives.ReadUInt32LittleEndian(message.AsSpan(at))));
                    at += 4;
                    break;
                default:
                    throw new InvalidDataException($"wire type {tag & 7}");
            }
        }

        return fields;
    }

    private static ulong Varint(byte[] message, ref int at)
    {
        ulong value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var part = message[at++];
            value |= (ulong)(part & 0x7f) << shift;
            if (part < 0x80) return value;
        }
    }

    private sealed record Field(int Number, byte[] Bytes, ulong Value);
}

/// <summary>A span as it came.</summary>
/// <param name="TraceId">In hexadecimal digits.</param>
/// <param name="Id">In hexadecimal digits.</param>
/// <param name="Parent">The parent's id, or empty.</param>
/// <param name="Name">What was done.</param>
/// <param name="Attributes">By name; numbers as text.</param>
/// <param name="Events">Names of the events, in order.</param>
/// <param name="Resource">What the sender says of itself.</param>
public sealed record OtlpSpan(
    string TraceId, string Id, string Parent, string Name, IReadOnlyDictionary<string, string> Attributes,
    IReadOnlyList<string> Events, IReadOnlyDictionary<string, string> Resource);
