using System.Text.Json;
using WafOperator.Models.Server.Batching;
using WafOperator.OnnxRuntime;

namespace WafOperator.Models.Server.Endpoints;

/// <summary>
/// Reads a V2 request: JSON, perhaps followed by raw tensors (the binary tensor data extension). In one pass and
/// without a tree; numbers are read once the element type is known, wherever it stands. Pure.
/// </summary>
internal static class V2RequestReader
{
    /// <param name="body">JSON and the raw tensors behind it.</param>
    /// <param name="jsonLength">Bytes of the JSON.</param>
    /// <param name="limits">Bounds.</param>
    /// <exception cref="RefusedException">What is wrong with it.</exception>
    public static V2Request Read(ReadOnlyMemory<byte> body, int jsonLength, RequestLimits limits)
    {
        try
        {
            var state = new State(body, jsonLength, limits);
            var request = state.Read();
            return state.IsWhole
                ? request
                : throw RefusedException.Malformed("raw bytes are left over behind the tensors that were declared");
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or FormatException)
        {
            throw RefusedException.Malformed($"the body is not a V2 request: {failure.Message}");
        }
    }

    private ref struct State(ReadOnlyMemory<byte> body, int jsonLength, RequestLimits limits)
    {
        private readonly ReadOnlySpan<byte> _json = body.Span[..jsonLength];
        private Utf8JsonReader _reader =
            new(body.Span[..jsonLength], new JsonReaderOptions { MaxDepth = limits.JsonDepthMax });
        private int _raw = jsonLength;

        public readonly bool IsWhole => _raw == body.Length;

        public V2Request Read()
        {
            var request = new V2Request();
            Open(JsonTokenType.StartObject);
            while (NextProperty() is { } property)
            {
                request = property switch
                {
                    "id" => request with { Id = Text(limits.NameLengthMax) },
                    "parameters" => Parameters(request),
                    "inputs" => request with { Inputs = Inputs() },
                    "outputs" => request with { Outputs = Outputs() },
                    _ => Skipped(request),
                };
            }

            if (_reader.Read()) throw RefusedException.Malformed("something follows the request");
            return request.Inputs.Count > 0 ? request : throw RefusedException.Malformed("the request has no inputs");
        }

        private V2Request Parameters(V2Request request)
        {
            Open(JsonTokenType.StartObject);
            while (NextProperty() is { } property)
            {
                request = property switch
                {
                    "priority" => request with { Priority = PriorityOf(Number()) },
                    "timeout" =>
                        request with { Timeout = TimeSpan.FromMicroseconds(Math.Clamp(Number(), 0, int.MaxValue)) },
                    "binary_data_output" => request with { IsBinaryOutput = Truth() },
                    _ => Skipped(request),
                };
            }

            return request;
        }

        private List<V2Tensor> Inputs()
        {
            var inputs = new List<V2Tensor>();
            Open(JsonTokenType.StartArray);
            while (NextElement())
            {
                if (inputs.Count == limits.TensorsMax)
                    throw RefusedException.TooLarge($"the request has more than {limits.TensorsMax} inputs");
                inputs.Add(Input());
            }

            return inputs;
        }

        private V2Tensor Input()
        {
            (string? name, string? datatype, long[]? shape) = (null, null, null);
            (Range? data, long? rawBytes) = (null, null);
            Expect(JsonTokenType.StartObject);
            while (NextProperty() is { } property)
            {
                switch (property)
                {
                    case "name": name = Text(limits.NameLengthMax); break;
                    case "datatype": datatype = Text(limits.NameLengthMax); break;
                    case "shape": shape = Shape(); break;
                    case "data": data = Skip(); break;
                    case "parameters": rawBytes = RawBytes(); break;
                    default: _reader.Skip(); break;
                }
            }

            if (name is null || datatype is null || shape is null)
                throw RefusedException.Malformed("an input needs name, datatype and shape");
            if (datatype != V2Datatypes.Bytes && V2Datatypes.TypeOf(datatype) is null)
                throw RefusedException.Malformed($"the datatype {datatype} is not supported");
            var count = ElementsOf(name, shape);
            if (rawBytes is { } bytes) return new V2Tensor(name, datatype, shape, Raw(name, datatype, count, bytes));
            if (data is not { } range) throw RefusedException.Malformed($"input {name} has no data");
            return new V2Tensor(
                name, datatype, shape, V2Datatypes.ReadElements(_json[range], datatype, count, limits.JsonDepthMax));
        }

        private ReadOnlyMemory<byte> Raw(string name, string datatype, int count, long bytes)
        {
            if (bytes < 0 || bytes > body.Length - _raw)
                throw RefusedException.Malformed(
                    $"input {name} says it has {bytes} raw bytes; {body.Length - _raw} are left");
            if (V2Datatypes.TypeOf(datatype) is { } type && bytes != (long)count * OrtRawTensor.SizeOf(type))
                throw RefusedException.Shape($"input {name} has {bytes} raw bytes, which is not what its shape says");
            var data = body.Slice(_raw, (int)bytes);
            _raw += (int)bytes;
            return data;
        }

        private List<(string, bool)> Outputs()
        {
            var outputs = new List<(string, bool)>();
            Open(JsonTokenType.StartArray);
            while (NextElement())
            {
                if (outputs.Count == limits.TensorsMax)
                    throw RefusedException.TooLarge($"the request has more than {limits.TensorsMax} outputs");
                (string? name, var isBinary) = (null, false);
                Expect(JsonTokenType.StartObject);
                while (NextProperty() is { } property)
                {
                    if (property == "name") name = Text(limits.NameLengthMax);
                    else if (property == "parameters") isBinary = IsBinary();
                    else _reader.Skip();
                }

                outputs.Add((name ?? throw RefusedException.Malformed("an output needs a name"), isBinary));
            }

            return outputs;
        }

        private bool IsBinary()
        {
            var isBinary = false;
            Open(JsonTokenType.StartObject);
            while (NextProperty() is { } property)
            {
                if (property == "binary_data") isBinary = Truth();
                else _reader.Skip();
            }

            return isBinary;
        }

        private long? RawBytes()
        {
            long? bytes = null;
            Open(JsonTokenType.StartObject);
            while (NextProperty() is { } property)
            {
                if (property == "binary_data_size") bytes = Number();
                else _reader.Skip();
            }

            return bytes;
        }

        private long[] Shape()
        {
            var shape = new List<long>();
            Open(JsonTokenType.StartArray);
            while (_reader.Read() && _reader.TokenType is not JsonTokenType.EndArray)
            {
                if (shape.Count == limits.RankMax)
                    throw RefusedException.TooLarge($"a shape has more than {limits.RankMax} dimensions");
                shape.Add(_reader.GetInt64());
            }

            return [.. shape];
        }

        private readonly int ElementsOf(string name, long[] shape)
        {
            long count = 1;
            foreach (var dimension in shape)
            {
                if (dimension < 1) throw RefusedException.Shape($"input {name} has a dimension of {dimension}");
                if (dimension > limits.ElementsMax || (count *= dimension) > limits.ElementsMax)
                    throw RefusedException.TooLarge($"input {name} has more than {limits.ElementsMax} elements");
            }

            return (int)count;
        }

        private static JobPriority PriorityOf(long priority) =>
            priority == 0 ? JobPriority.Deciding : JobPriority.Shadow;

        private Range Skip()
        {
            _reader.Read();
            var start = (int)_reader.TokenStartIndex;
            if (_reader.TokenType is not JsonTokenType.StartArray)
                throw RefusedException.Malformed("data is not an array");
            _reader.Skip();
            return start..(int)_reader.BytesConsumed;
        }

        private V2Request Skipped(V2Request request)
        {
            _reader.Skip();
            return request;
        }

        private string Text(int lengthMax)
        {
            Expect(_reader.Read(), JsonTokenType.String);
            return _reader.ValueSpan.Length <= lengthMax
                ? _reader.GetString()!
                : throw RefusedException.TooLarge($"a name is longer than {lengthMax} bytes");
        }

        private long Number()
        {
            Expect(_reader.Read(), JsonTokenType.Number);
            return _reader.GetInt64();
        }

        private bool Truth()
        {
            _reader.Read();
            return _reader.GetBoolean();
        }

        private void Open(JsonTokenType type) => Expect(_reader.Read(), type);

        private readonly void Expect(JsonTokenType type) => Expect(true, type);

        private readonly void Expect(bool hasToken, JsonTokenType type)
        {
            if (!hasToken || _reader.TokenType != type)
                throw RefusedException.Malformed($"{type} is expected at byte {_reader.TokenStartIndex}");
        }

        private string? NextProperty()
        {
            if (!_reader.Read()) throw RefusedException.Malformed("the JSON ends early");
            if (_reader.TokenType is JsonTokenType.EndObject) return null;
            // Names that matter are short; a longer one is none of them.
            return _reader.ValueSpan.Length <= limits.NameLengthMax ? _reader.GetString() : "";
        }

        private bool NextElement() => _reader.Read() && _reader.TokenType is not JsonTokenType.EndArray;
    }
}
