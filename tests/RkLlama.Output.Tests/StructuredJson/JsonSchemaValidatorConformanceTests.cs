using System.Text.Json;
using System.Text.Json.Nodes;
using Json.Schema;
using RkLlama.Prompts;
using OurSchema = RkLlama.Output.StructuredJson.JsonSchema;

namespace RkLlama.Output.Tests.StructuredJson;

/// <summary>Validates random values against random schemas and compares the results with an independent implementation.</summary>
public sealed class JsonSchemaValidatorConformanceTests
{
    private const int Rounds = 4000;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void JsonSchema_Net_gives_the_same_results(int seed)
    {
        Random random = new(seed);
        int fitting = 0;
        for (int round = 0; round < Rounds; round++)
        {
            string schema = SchemaOf(random, 3).ToJsonString();
            string value = ValueOf(random, 3)?.ToJsonString() ?? "null";
            using JsonDocument schemaDocument = JsonDocument.Parse(schema);
            using JsonDocument document = JsonDocument.Parse(value);

            bool ours = OurSchema.Parse(schemaDocument.RootElement).Validate(document.RootElement, CpuBudget.Unlimited()).Count == 0;

            bool theirs = JsonSchema.FromText(schema).Evaluate(document.RootElement).IsValid;
            ours.Should().Be(theirs, "of {0} against {1}", value, schema);
            fitting += theirs ? 1 : 0;
        }

        // Both results must occur, so that a validator with a constant result fails.
        fitting.Should().BeInRange(Rounds / 10, Rounds * 9 / 10);
    }

    private static JsonObject SchemaOf(Random random, int depth)
    {
        JsonObject schema = [];
        int keywords = random.Next(1, 3);
        for (int i = 0; i < keywords; i++)
        {
            (string name, JsonNode? value) = Keyword(random, depth);
            schema[name] = value;
        }

        return schema;
    }

    private static (string Name, JsonNode? Value) Keyword(Random random, int depth) => random.Next(depth > 0 ? 26 : 14) switch
    {
        0 or 1 => ("type", Pick<string>(random, "null", "boolean", "object", "array", "number", "string", "integer")),
        2 => ("type", new JsonArray(Pick<string>(random, "object", "array"), Pick<string>(random, "string", "number"))),
        3 => ("enum", new JsonArray(ValueOf(random, 1), ValueOf(random, 0), ValueOf(random, 0))),
        4 => ("const", ValueOf(random, 1)),
        5 => ("required", new JsonArray(Name(random))),
        6 => (Pick<string>(random, "minimum", "exclusiveMinimum"), random.Next(-1, 3)),
        7 => (Pick<string>(random, "maximum", "exclusiveMaximum"), random.Next(0, 4)),
        8 => ("multipleOf", Pick<double>(random, 0.5, 1, 2)),
        9 => (Pick<string>(random, "minLength", "minItems", "minProperties"), random.Next(0, 3)),
        10 => (Pick<string>(random, "maxLength", "maxItems", "maxProperties"), random.Next(0, 3)),
        11 => ("pattern", Pick<string>(random, "^a", "b", "^[ab]*$")),
        12 => ("uniqueItems", true),
        13 => ("dependentRequired", new JsonObject { [Name(random)] = new JsonArray(Name(random)) }),
        14 or 15 => ("properties", new JsonObject { ["a"] = SchemaOf(random, depth - 1), ["b"] = SchemaOf(random, depth - 1) }),
        16 => ("additionalProperties", random.Next(2) == 0 ? false : SchemaOf(random, depth - 1)),
        17 => ("items", SchemaOf(random, depth - 1)),
        18 => ("prefixItems", new JsonArray(SchemaOf(random, depth - 1), SchemaOf(random, depth - 1))),
        19 => ("contains", SchemaOf(random, depth - 1)),
        20 => ("allOf", new JsonArray(SchemaOf(random, depth - 1), SchemaOf(random, depth - 1))),
        21 => ("anyOf", new JsonArray(SchemaOf(random, depth - 1), SchemaOf(random, depth - 1))),
        22 => ("oneOf", new JsonArray(SchemaOf(random, depth - 1), SchemaOf(random, depth - 1))),
        23 => ("not", SchemaOf(random, depth - 1)),
        24 => ("propertyNames", new JsonObject { ["pattern"] = "^[ab]$" }),
        _ => ("patternProperties", new JsonObject { ["^a"] = SchemaOf(random, depth - 1) }),
    };

    private static JsonNode? ValueOf(Random random, int depth) => random.Next(depth > 0 ? 12 : 7) switch
    {
        0 => null,
        1 => random.Next(2) == 0,
        2 => random.Next(-1, 4),
        3 => Pick<double>(random, 0.5, 1.0, 2.25),
        4 or 5 or 6 => Pick<string>(random, "", "a", "b", "ab", "ba", "c"),
        7 or 8 => new JsonArray([.. Enumerable.Range(0, random.Next(4)).Select(_ => ValueOf(random, depth - 1))]),
        _ => new JsonObject(Enumerable.Range(0, random.Next(4)).Select(_ => Name(random)).Distinct().Select(name => KeyValuePair.Create(name, ValueOf(random, depth - 1)))),
    };

    private static string Name(Random random) => Pick<string>(random, "a", "b", "aa", "c");

    private static T Pick<T>(Random random, params T[] choices) => choices[random.Next(choices.Length)];
}
