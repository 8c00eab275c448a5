using System.Text.Json.Nodes;
using WafOperator.Resources.Schema;
using WafOperator.Resources.Validation;

namespace WafOperator.Resources.Tests.Schema;

/// <summary>Rules that every schema keeps, whatever field is added next.</summary>
public sealed class SchemaRulesTests
{
    [Fact]
    public void EveryListStringMapAndNumber_IsBounded() =>
    Assert.Empty(AllFields().Where(IsUnbounded).Select(field => field.Path));

    [Fact]
    public void EveryField_IsDescribed() => Assert.Empty(AllFields()
        .Where(field => !field.Path.EndsWith(']') && field.Node.Description is null or "").Select(field => field.Path));

    [Fact]
    public void EveryListWithKeys_HasThemRequired() => Assert.Empty(AllFields()
        .Where(field => field.Node.MapKeys.Any(key => !field.Node.Items!.Required.Contains(key)))
        .Select(field => field.Path));

    [Fact]
    public void CelRulesAndTheirChecksInCSharp_AreTheSameIds() => Assert.Equal(
        AllFields().Concat(Roots()).SelectMany(field => field.Node.Rules).Select(rule => rule.Id).Distinct()
            .Order(StringComparer.Ordinal),
        FieldRules.Ids.Order(StringComparer.Ordinal));

    [Fact]
    public void EveryPattern_HasAMeaningInWords() => Assert.Empty(AllFields()
        .Where(field => field.Node is { Pattern: not null, PatternMeaning: null }).Select(field => field.Path));

    [Fact]
    public void EveryDefault_IsValidItself()
    {
        foreach (var (path, node) in AllFields())
        {
            if (node.Default is not { } value) continue;
            var filled = value.DeepClone();
            SchemaDefaults.Apply(filled, node);
            var errors = new List<FieldError>();
            new StructuralValidator(errors).Check(filled, node, path, null);
            Assert.Empty(errors);
        }
    }

    /// <summary>
    /// What the API server fills in is what the type's initializer says: a file and a cluster mean the same.
    /// </summary>
    [Fact]
    public void EveryDefault_IsTheInitializerOfTheType()
    {
        foreach (var type in ResourceDefinition.All.SelectMany(definition => ObjectTypes(definition.Type)).Distinct())
        {
            var schema = SchemaReader.Read(type);
            var instance = JsonNode.Parse(System.Text.Json.JsonSerializer.Serialize(
                Activator.CreateInstance(type), ResourceJson.Default.Options.GetTypeInfo(type)))!.AsObject();
            foreach (var (name, property) in schema.Properties)
            {
                if (property.Default is null) continue;
                var filled = property.Default.DeepClone();
                SchemaDefaults.Apply(filled, property);
                var initializer = instance[name]?.DeepClone();
                SchemaDefaults.Apply(initializer, property);
                if (initializer is JsonObject emptied) RemoveEmptyLists(emptied);
                Assert.True(JsonNode.DeepEquals(filled, initializer),
                    $"{type.Name}.{name}: default {filled} but initializer {initializer}");
            }
        }
    }

    private static void RemoveEmptyLists(JsonObject node)
    {
        foreach (var name in node.Where(member => member.Value is JsonArray { Count: 0 }).Select(member => member.Key)
            .ToList()) node.Remove(name);
    }

    private static bool IsUnbounded((string Path, SchemaNode Node) field) => field.Node.Type switch
    {
        SchemaType.Array or SchemaType.Map => field.Node.ItemsMax is null,
        SchemaType.String => field.Node.LengthMax is null,
        SchemaType.Integer => field.Node.Minimum is null || field.Node.Maximum is null,
        _ => false,
    };

    private static IEnumerable<(string Path, SchemaNode Node)> Roots() =>
        ResourceDefinition.All.Select(definition => (definition.Kind, definition.Schema));

    private static IEnumerable<(string Path, SchemaNode Node)> AllFields() => Roots().SelectMany(root =>
        root.Node.Properties.Where(property => property.Key is "spec" or "status")
            .SelectMany(property => Walk($"{root.Path}.{property.Key}", property.Value)));

    private static IEnumerable<(string Path, SchemaNode Node)> Walk(string path, SchemaNode node)
    {
        yield return (path, node);
        if (node.Items is { } items)
            foreach (var inner in Walk(path + "[]", items)) yield return inner;
        foreach (var (name, property) in node.Properties)
            foreach (var inner in Walk($"{path}.{name}", property)) yield return inner;
    }

    private static IEnumerable<Type> ObjectTypes(Type type)
    {
        if (type.GetConstructor(Type.EmptyTypes) is null || type.Assembly != typeof(ResourceJson).Assembly) yield break;
        yield return type;
        foreach (var property in type.GetProperties())
        {
            var inner = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            if (inner.IsGenericType) inner = inner.GenericTypeArguments[^1];
            if (inner.IsEnum || inner == type || inner == typeof(ObjectMeta)) continue;
            foreach (var nested in ObjectTypes(inner)) yield return nested;
        }
    }
}
