using WafOperator.Models.Server.Batching;
using WafOperator.Models.Server.Repository;
using WafOperator.OnnxRuntime;

namespace WafOperator.Models.Server.Endpoints;

/// <summary>
/// A V2 request with the model's own tensors: one part, of as many rows as the first dimension says.
/// </summary>
internal sealed class TensorCall(V2Request request, ServedModel model, JobPart part) : PreparedCall([part])
{
    /// <exception cref="RefusedException">Tensors that are not the model's.</exception>
    public static TensorCall Prepare(V2Request request, ServedModel model)
    {
        foreach (var given in request.Inputs)
        {
            if (model.Inputs.All(i => i.Name != given.Name))
                throw RefusedException.Shape(
                    $"there is no input {given.Name}; there are {string.Join(", ", model.Inputs.Select(i => i.Name))}");
        }

        var unknown = request.Outputs?.FirstOrDefault(o => model.Outputs.All(known => known.Name != o.Name)).Name;
        if (unknown is not null)
            throw RefusedException.Shape(
                $"there is no output {unknown}; there are {string.Join(", ", model.Outputs.Select(o => o.Name))}");
        var tensors = model.Inputs.Select(input => Match(request, input)).ToList();
        var rows = model.IsBatchable ? tensors[0].Shape[0] : 1;
        if (model.IsBatchable && tensors.Any(t => t.Shape[0] != rows))
            throw RefusedException.Shape("the inputs have different numbers of rows");
        var shapes = tensors.Select(t => model.IsBatchable ? t.Shape[1..] : t.Shape).ToList();
        var part = new JobPart(model.ShapeOf(shapes), (int)rows, [.. tensors.Select(t => t.Data)]);
        return new TensorCall(request, model, part) { Priority = request.Priority, Timeout = request.Timeout };
    }

    public override CallAnswer Answer(CallTimes times)
    {
        var wanted = request.Outputs ?? [.. model.Outputs.Select(o => (o.Name, request.IsBinaryOutput))];
        var outputs = Parts[0].Outputs;
        return V2Answer.Write(
            model, request.Id, [.. wanted.Select(w => (outputs.First(o => o.Name == w.Name), w.IsBinary))]);
    }

    private static V2Tensor Match(V2Request request, OrtTensorInfo input)
    {
        var given = request.Inputs.Where(t => t.Name == input.Name).ToList();
        if (given is not [var tensor])
            throw RefusedException.Shape($"input {input.Name} is {(given.Count == 0 ? "missing" : "there twice")}");
        if (V2Datatypes.TypeOf(tensor.Datatype) != input.ElementType)
            throw RefusedException.Shape(
                $"input {input.Name} is {V2Datatypes.NameOf(input.ElementType)}, not {tensor.Datatype}");
        var fits = tensor.Shape.Length == input.Shape.Count
            && tensor.Shape.Zip(input.Shape).All(d => d.Second < 0 || d.First == d.Second);
        return fits
            ? tensor
            : throw RefusedException.Shape(
                $"input {input.Name} has shape [{string.Join(", ", input.Shape)}], "
                + $"not [{string.Join(", ", tensor.Shape)}]");
    }
}
