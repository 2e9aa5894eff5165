using System.Text.Json;
using RkLlama.Output.StructuredJson;
using RkLlama.Output.Tests.Decoding;
using RkLlama.Prompts;

namespace RkLlama.Output.Tests.FieldReports;

/// <summary>Structured answers and ends of answers. Each row has the id of a report in the table of field reports.</summary>
public sealed class ReportedAnswerTests
{
    [Theory]
    [InlineData("A32", """{"type":"string","enum":["red","blue"]}""", "red", "\"red\"")]
    [InlineData("A32", """{"type":"boolean"}""", "True", "true")]
    [InlineData("A32", """{"type":"integer"}""", "```\n42\n```", "42")]
    [InlineData("A32", """{"type":"integer"}""", "~~~\n42\n~~~", "42")]
    [InlineData("A33", """{"type":"object"}""", """{"b":"C:\dir"}""", """{"b":"C:\\dir"}""")]
    [InlineData("A33", """{"type":"object"}""", """{"b":"\d+\.\w"}""", """{"b":"\\d+\\.\\w"}""")]
    [InlineData("A33", """{"type":"object"}""", """{"b":"\\server\share"}""", """{"b":"\\server\\share"}""")]
    public void The_answer_of_a_report_is_the_json_that_was_asked_for(string id, string schema, string reply, string json)
    {
        using JsonDocument document = JsonDocument.Parse(schema);

        new OutputFormat(JsonSchema.Parse(document.RootElement), IsStrict: true).FindProblem(reply, CpuBudget.Unlimited(), out string? found).Should().BeNull(id);

        found.Should().Be(json, id);
    }

    /// <summary>The model goes on after its end, because the runtime does not know the token.</summary>
    [Theory]
    [InlineData("A42", "Hello<|im_end|>\n<|im_start|>user", "Hello")]
    [InlineData("A42", "<|im_end|>Hello", "")]
    [InlineData("A42", "Hello</s></s>", "Hello")]
    public void The_end_token_of_the_model_ends_the_answer(string id, string text, string expected)
    {
        foreach (int size in (int[])[1, 4, 100])
        {
            DecodedAnswer answer = new(null, ends: new(new HashSet<int>(), ["<|im_end|>", "</s>"]));

            foreach (char[] piece in text.Chunk(size))
                answer.Add(1, new string(piece));
            answer.End();

            (answer.Text, answer.HasEnded).Should().Be((expected, true), id);
        }
    }
}
