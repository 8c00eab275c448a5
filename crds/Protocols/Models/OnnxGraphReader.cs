using System.Text;

namespace WafOperator.Protocols.Models;

/// <summary>What an ONNX file contains, as far as it matters for trusting it.</summary>
/// <param name="OpsetVersion">Highest opset of the default domain.</param>
/// <param name="Operators">Distinct operators as <c>domain:Type</c>, the default domain without prefix, subgraphs included.</param>
/// <param name="Inputs">What the graph is to be given: inputs without a default value in the file.</param>
/// <param name="Outputs">What the graph gives.</param>
/// <param name="NodeCount">Nodes, subgraphs included.</param>
/// <param name="HasExternalData">A tensor keeps its data in another file.</param>
public sealed record OnnxGraphSummary(
    long OpsetVersion,
    IReadOnlySet<string> Operators,
    IReadOnlyList<NetworkTensor> Inputs,
    IReadOnlyList<NetworkTensor> Outputs,
    int NodeCount,
    bool HasExternalData);

/// <summary>
/// Walks an ONNX file (onnx.proto3) without building anything from it: bounded depth, no allocation by the file's own numbers. Only
/// field numbers that matter are looked into.
/// </summary>
public sealed class OnnxGraphReader
{
    private const int GraphDepthMax = 8;
    private const int NodesMax = 20_000;
    private const int NameBytesMax = 512;

    private readonly HashSet<string> _operators = new(StringComparer.Ordinal);
    private readonly List<NetworkTensor> _inputs = [];
    private readonly List<NetworkTensor> _outputs = [];
    private readonly HashSet<string> _initializers = new(StringComparer.Ordinal);
    private readonly List<OnnxNode> _sized = [];
    private readonly Dictionary<string, IReadOnlyList<long>?> _constants = new(StringComparer.Ordinal);
    private long _opset;
    private int _nodes;
    private bool _external;
    private string? _error;

    /// <summary>Reads a model; null and the reason when it is malformed or over a bound.</summary>
    public static OnnxGraphSummary? Read(ReadOnlySpan<byte> model, out string? error)
    {
        var reader = new OnnxGraphReader();
        reader.Model(model);
        error = reader._error;
        if (error is null && reader._nodes == 0) error = "the ONNX file holds no graph";
        error ??= new OnnxGrowth(reader._sized, reader._constants).Problem();
        return error is not null ? null : reader.Summary();
    }

    /// <summary>Files of old versions list their weights among the inputs: those have a value already.</summary>
    private OnnxGraphSummary Summary() => new(
        _opset, _operators, [.. _inputs.Where(i => !_initializers.Contains(i.Name))], _outputs, _nodes, _external);

    private void Model(ReadOnlySpan<byte> data)
    {
        var cursor = new ProtobufCursor(data);
        while (cursor.Next())
        {
            if (cursor is { Field: 7, IsBytes: true }) Graph(cursor.Bytes, 0);
            else if (cursor is { Field: 8, IsBytes: true }) Opset(cursor.Bytes);
            if (_error is not null) return;
        }

        Check(cursor);
    }

    private void Opset(ReadOnlySpan<byte> data)
    {
        var cursor = new ProtobufCursor(data);
        var isDefault = true;
        long version = 0;
        while (cursor.Next())
        {
            if (cursor is { Field: 1, IsBytes: true }) isDefault = cursor.Bytes.IsEmpty || cursor.Bytes.SequenceEqual("ai.onnx"u8);
            else if (cursor.Field == 2) version = (long)cursor.Number;
        }

        if (isDefault) _opset = Math.Max(_opset, version);
        Check(cursor);
    }

    private void Graph(ReadOnlySpan<byte> data, int depth)
    {
        if (depth > GraphDepthMax)
        {
            _error = $"subgraphs are nested deeper than {GraphDepthMax}";
            return;
        }

        var cursor = new ProtobufCursor(data);
        while (_error is null && cursor.Next())
        {
            if (!cursor.IsBytes) continue;
            switch (cursor.Field)
            {
                case 1: Node(cursor.Bytes, depth); break;
                case 5: Initializer(cursor.Bytes, depth); break;
                case 15: _error ??= "the ONNX file holds sparse tensors"; break;
                case 11 when depth == 0: Described(cursor.Bytes, _inputs); break;
                case 12 when depth == 0: Described(cursor.Bytes, _outputs); break;
            }
        }

        Check(cursor);
    }

    private void Node(ReadOnlySpan<byte> data, int depth)
    {
        if (++_nodes > NodesMax)
        {
            _error = $"the graph has more than {NodesMax} nodes";
            return;
        }

        var cursor = new ProtobufCursor(data);
        string type = "", domain = "";
        List<string> inputs = [], outputs = [];
        OnnxTensor? value = null;
        while (_error is null && cursor.Next())
        {
            if (!cursor.IsBytes) continue;
            if (cursor.Field == 1) inputs.Add(Name(cursor.Bytes));
            else if (cursor.Field == 2) outputs.Add(Name(cursor.Bytes));
            else if (cursor.Field == 4) type = Text(cursor.Bytes);
            else if (cursor.Field == 7) domain = Text(cursor.Bytes);
            else if (cursor.Field == 5) value = Attribute(cursor.Bytes, depth) ?? value;
        }

        var name = domain is "" or "ai.onnx" ? type : $"{domain}:{type}";
        _operators.Add(name);
        if (depth == 0) Keep(new OnnxNode(name, inputs, outputs), value);
        Check(cursor);
    }

    /// <summary>Constants are remembered by their name, other nodes for the walk over sizes.</summary>
    private void Keep(OnnxNode node, OnnxTensor? value)
    {
        if (node.Operator == "Constant" && node.Outputs.Count == 1) _constants[node.Outputs[0]] = value?.Integers;
        else _sized.Add(node with { Fill = value?.Integers ?? [] });
    }

    private OnnxTensor? Attribute(ReadOnlySpan<byte> data, int depth)
    {
        var cursor = new ProtobufCursor(data);
        OnnxTensor? value = null;
        List<long>? numbers = null;
        var name = "";
        while (_error is null && cursor.Next())
        {
            if (cursor is { Field: 1, IsBytes: true }) name = Text(cursor.Bytes);
            if (cursor.Field is 3 or 8) OnnxTensor.AddNumbers(ref numbers, cursor);
            if (!cursor.IsBytes) continue;
            if (cursor.Field is 6 or 11) Graph(cursor.Bytes, depth + 1);
            else if (cursor.Field is 22 or 23) _error ??= "the ONNX file holds sparse tensors";
            else if (cursor.Field is 5 or 10) value = Tensor(cursor.Bytes);
        }

        Check(cursor);
        if (name == "pads" && numbers?.Any(n => n is < 0 or > OnnxGrowth.ShapeConstantMax) == true)
            _error ??= $"a node pads by more than {OnnxGrowth.ShapeConstantMax}";
        // value_int and value_ints of Constant.
        return value ?? (numbers is null || name is not ("value_int" or "value_ints") ? null : new("", numbers));
    }

    private void Initializer(ReadOnlySpan<byte> data, int depth)
    {
        var tensor = Tensor(data);
        if (depth > 0 || tensor.Name.Length == 0) return;
        _initializers.Add(tensor.Name);
        _constants[tensor.Name] = tensor.Integers;
    }

    private OnnxTensor Tensor(ReadOnlySpan<byte> data)
    {
        var tensor = OnnxTensor.Read(data, out var isExternal, out var problem);
        _external |= isExternal;
        if (!isExternal) _error ??= problem;
        return tensor;
    }

    private string Name(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > NameBytesMax) _error ??= $"the ONNX file has a name of more than {NameBytesMax} bytes";
        return Text(bytes);
    }

    private void Described(ReadOnlySpan<byte> data, List<NetworkTensor> tensors)
    {
        var tensor = OnnxTensorReader.Read(data, out var problem);
        if (tensor is null) _error ??= problem;
        else if (tensors.Any(t => t.Name == tensor.Name))
            _error ??= $"the ONNX file has the tensor '{tensor.Name}' twice";
        else tensors.Add(tensor);
    }

    internal static string Text(ReadOnlySpan<byte> bytes) =>
        Encoding.UTF8.GetString(bytes[..Math.Min(bytes.Length, NameBytesMax)]);

    private void Check(ProtobufCursor cursor)
    {
        if (cursor.IsMalformed) _error ??= "the ONNX file is malformed (protobuf)";
    }
}
