using System.ComponentModel;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace WafOperator.Resources.Schema;

/// <summary>Reads a kind's schema from its C# type by reflection: once, at start.</summary>
public static class SchemaReader
{
    /// <summary>Schema of an object type.</summary>
    public static SchemaNode Read(Type type) => ReadObject(type, null);

    private static SchemaNode ReadObject(Type type, PropertyInfo? member)
    {
        var properties = new OrderedDictionary<string, SchemaNode>();
        var required = new List<string>();
        foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            var name = JsonNamingPolicy.CamelCase.ConvertName(property.Name);
            properties.Add(name, ReadProperty(property));
            if (property.IsDefined(typeof(RequiredFieldAttribute))) required.Add(name);
        }
        return Described(member, new SchemaNode
        {
            Type = SchemaType.Object,
            Description = type.GetCustomAttribute<DescriptionAttribute>()?.Description,
            Properties = properties,
            Required = required,
            Rules = [.. RulesOf(type), .. RulesOf(member)],
        });
    }

    private static SchemaNode ReadProperty(PropertyInfo property)
    {
        var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        if (type == typeof(ObjectMeta)) return new SchemaNode { Type = SchemaType.Opaque };
        if (ElementOf(type, typeof(IReadOnlyList<>)) is { } element)
        {
            var items = property.GetCustomAttribute<ItemsAttribute>();
            return Described(property, new SchemaNode
            {
                Type = SchemaType.Array,
                Items = ReadValue(element, property, inCollection: true),
                ItemsMin = items?.Minimum ?? 0,
                ItemsMax = items?.Maximum,
                MapKeys = items?.MapKeys ?? [],
                Rules = RulesOf(property),
            });
        }
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyDictionary<,>))
        {
            var items = property.GetCustomAttribute<ItemsAttribute>();
            return Described(property, new SchemaNode
            {
                Type = SchemaType.Map,
                Items = ReadValue(type.GenericTypeArguments[1], property, inCollection: true),
                ItemsMin = items?.Minimum ?? 0,
                ItemsMax = items?.Maximum,
                Rules = RulesOf(property),
            });
        }
        return ReadValue(type, property, inCollection: false);
    }

    private static SchemaNode ReadValue(Type type, PropertyInfo property, bool inCollection)
    {
        var node = Scalar(type, property) ?? ReadObject(type, inCollection ? null : property);
        return inCollection || node.Type == SchemaType.Object
            ? node
            : Described(property, node with { Rules = RulesOf(property) });
    }

    private static SchemaNode? Scalar(Type type, PropertyInfo property)
    {
        if (type == typeof(string)) return StringNode(property);
        if (type == typeof(bool)) return new SchemaNode { Type = SchemaType.Boolean };
        if (type == typeof(DateTimeOffset)) return new SchemaNode { Type = SchemaType.DateTime };
        if (type.IsEnum) return new SchemaNode { Type = SchemaType.Enum, EnumValues = Enum.GetNames(type) };
        if (type != typeof(int) && type != typeof(long)) return null;
        var bounds = property.GetCustomAttribute<BoundsAttribute>();
        return new SchemaNode
        {
            Type = SchemaType.Integer,
            Minimum = bounds?.Minimum,
            Maximum = bounds?.Maximum,
            IntegerBits = type == typeof(int) ? 32 : 64,
        };
    }

    private static SchemaNode StringNode(PropertyInfo property)
    {
        var length = property.GetCustomAttribute<LengthAttribute>();
        var pattern = property.GetCustomAttribute<PatternAttribute>();
        return new SchemaNode
        {
            Type = SchemaType.String,
            LengthMin = length?.Minimum ?? 0,
            LengthMax = length?.Maximum,
            Pattern = pattern?.Pattern,
            PatternMeaning = pattern?.Meaning ?? (pattern is null ? null : Patterns.MeaningOf(pattern.Pattern)),
        };
    }

    private static SchemaNode Described(PropertyInfo? property, SchemaNode node) => property is null ? node : node with
    {
        Description = property.GetCustomAttribute<DescriptionAttribute>()?.Description ?? node.Description,
        Default = property.GetCustomAttribute<DefaultAttribute>() is { } value ? JsonNode.Parse(value.Json) : null,
    };

    private static IReadOnlyList<SchemaRule> RulesOf(MemberInfo? member) => member is null ? [] :
        [.. member.GetCustomAttributes<CelAttribute>()
            .Select(rule => new SchemaRule(rule.Id, rule.Rule, rule.Message))];

    private static Type? ElementOf(Type type, Type generic) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == generic ? type.GenericTypeArguments[0] : null;
}
