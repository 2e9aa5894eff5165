using RkLlama.Output.StructuredJson;
using RkLlama.Prompts.Jinja.Library;

namespace RkLlama.Output.Tests.Structured;

public sealed class JsonRepairTests
{
    [Theory]
    [InlineData("""{"a": [1, 2.50, "x"], "b": null}""")]
    [InlineData("[]")]
    [InlineData("""{"text": "a \"quoted\" {brace}"}""")]
    public void What_is_valid_stays_as_it_was_written(string json) => JsonRepair.Find($"\n {json} ").Should().Be(json);

    [Theory]
    [InlineData("```json\n{\"a\": 1}\n```")]
    [InlineData("Here you are: {\"a\": 1} I hope that helps. {\"b\": 2}")]
    [InlineData("In set notation {x : x > 1}, hence {\"a\": 1}.")]
    [InlineData("{'a': 1}")]
    [InlineData("{a: 1}")]
    [InlineData("{\"a\": 1,}")]
    [InlineData("{,\"a\": 1}")]
    [InlineData("{\"a\": +1}")]
    [InlineData("{\"a\": 1 /* one */ } // done")]
    [InlineData("{\"a\": 1")]
    [InlineData("{“a”: 1}")]
    [InlineData("{\"a\" = 1; }")]
    public void Slips_are_mended(string reply) => JsonRepair.Find(reply).Should().Be("""{"a":1}""");

    [Theory]
    [InlineData("[True, False, None]", "[true,false,null]")]
    [InlineData("[1 2 \"x\"]", """[1,2,"x"]""")]
    [InlineData("{\"a\": \"one\ntwo\"}", """{"a":"one\ntwo"}""")]
    [InlineData("{\"a\": 'it\\'s'}", """{"a":"it's"}""")]
    [InlineData("{\"a\": [1, {\"b\": \"cut he", """{"a":[1,{"b":"cut he"}]}""")]
    [InlineData("{\"a\": \"\\u00e9\", }", """{"a":"é"}""")]
    [InlineData("[.5, 5., 1_000]", "[0.5,5.0,1000]")]
    public void Values_come_out_as_they_were_meant(string reply, string json) => JsonRepair.Find(reply).Should().Be(json);

    [Theory]
    [InlineData("")]
    [InlineData("42")]
    [InlineData("I cannot do that.")]
    [InlineData("{\"a\": maybe}")]
    [InlineData("{\"a\" 1}")]
    [InlineData("{\"a\": \"\\ud800\",}")]
    public void What_is_no_json_is_none(string reply) => JsonRepair.Find(reply).Should().BeNull();

    [Fact]
    public void Brackets_without_end_are_no_json_and_no_fault()
    {
        JsonRepair.Find(new string('[', 50_000)).Should().BeNull();
        JsonRepair.Find(string.Concat(Enumerable.Repeat("{\"a\":", 5_000))).Should().BeNull();
    }
}
