using System.Text.Json;
using RkLlama.Output.ToolCalls.Arguments;

namespace RkLlama.Output.Tests.ToolCalls;

public sealed class ArgumentTypesTests
{
    private const string Schema = """
        {
          "type": "object",
          "properties": {
            "i": {"type": "integer"}, "n": {"type": "number"}, "b": {"type": "boolean"}, "s": {"type": "string"}, "ni": {"type": ["integer", "null"]},
            "ns": {"type": ["string", "null"]}, "o": {"type": "object", "properties": {"lvl": {"type": "integer"}, "s": {"type": "string"}}},
            "a": {"type": "array", "items": {"type": "integer"}}, "r": {"$ref": "#/$defs/level"}, "ro": {"$ref": "#/$defs/box"},
            "any": {"anyOf": [{"$ref": "#/$defs/box"}, {"type": "null"}]}, "all": {"allOf": [{"$ref": "#/$defs/level"}]}, "loop": {"$ref": "#/properties/loop"},
            "lost": {"$ref": "#/$defs/nosuch"}
          },
          "$defs": {"level": {"type": "integer"}, "box": {"type": "object", "properties": {"lvl": {"$ref": "#/$defs/level"}}}}
        }
        """;

    [Theory]
    [InlineData("""{"i": 3.0}""", """{"i":3}""")]
    [InlineData("""{"i": "3.0"}""", """{"i":3}""")]
    [InlineData("""{"i": " 3 "}""", """{"i":3}""")]
    [InlineData("""{"n": " 3.5 "}""", """{"n":3.5}""")]
    [InlineData("""{"b": "FALSE"}""", """{"b":false}""")]
    [InlineData("""{"b": "TRUE"}""", """{"b":true}""")]
    [InlineData("""{"ni": "null"}""", """{"ni":null}""")]
    [InlineData("""{"o": {"lvl": "3", "s": 4}}""", """{"o":{"lvl":3,"s":"4"}}""")]
    [InlineData("""{"a": ["1", 2, 3.0]}""", """{"a":[1,2,3]}""")]
    [InlineData("""{"r": "3"}""", """{"r":3}""")]
    [InlineData("""{"ro": {"lvl": "3"}}""", """{"ro":{"lvl":3}}""")]
    [InlineData("""{"any": {"lvl": "3"}}""", """{"any":{"lvl":3}}""")]
    [InlineData("""{"all": "3"}""", """{"all":3}""")]
    public void A_value_is_converted_to_the_type_of_the_schema(string arguments, string expected) => Fit(arguments).Should().Be(expected);

    [Theory]
    [InlineData("""{"i":3.5}""")]
    [InlineData("""{"i":"3.5"}""")]
    [InlineData("""{"i":"3 days"}""")]
    [InlineData("""{"i":"0123"}""")]
    [InlineData("""{"i":"12345678901234567890123"}""")]
    [InlineData("""{"n":3.0}""")]
    [InlineData("""{"b":"yes"}""")]
    [InlineData("""{"s":"null"}""")]
    [InlineData("""{"s":" 3 "}""")]
    [InlineData("""{"ns":"null"}""")]
    [InlineData("""{"i":"null"}""")]
    [InlineData("""{"o":{"lvl":"x","other":"3"}}""")]
    [InlineData("""{"a":["x"]}""")]
    [InlineData("""{"loop":"3","lost":"3","unknown":"3"}""")]
    public void A_value_of_which_something_would_be_lost_does_not_change(string arguments) => Fit(arguments).Should().Be(arguments);

    private static string Fit(string arguments) => ArgumentTypes.Fit(JsonElement.Parse(arguments), JsonElement.Parse(Schema));
}
