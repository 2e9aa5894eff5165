using System.Text.Json;
using RkLlama.Output.Constraints;
using RkLlama.Output.StructuredJson;
using RkLlama.Prompts;

namespace RkLlama.Output.Tests.Constraints;

/// <summary>Random documents that are broken at a random place: the corrected document is valid.</summary>
public sealed class BrokenDocumentTests
{
    private static readonly Dictionary<string, Func<string, Random, string>> Breakages = new()
    {
        ["prose before"] = static (text, _) => "Here is the JSON you asked for:\n" + text,
        ["fence"] = static (text, _) => "```json\n" + text + "\n```",
        ["text behind"] = static (text, _) => text + "\n\nI hope that this helps.",
        ["single quotes"] = static (text, _) => text.Replace('"', '\''),
        ["quote missing"] = static (text, random) => Without(text, '"', random),
        ["comma missing"] = static (text, random) => Without(text, ',', random),
        ["colon missing"] = static (text, random) => Without(text, ':', random),
        ["brace missing"] = static (text, random) => Without(text, '}', random),
        ["bracket missing"] = static (text, random) => Without(text, ']', random),
        ["two commas"] = static (text, random) => At(text, ',', random, ",,"),
        ["comma at the end"] = static (text, random) => At(text, '}', random, ",}"),
        ["comment"] = static (text, random) => At(text, ',', random, ", // note\n"),
        ["comment of C"] = static (text, random) => At(text, '{', random, "{ /* note */"),
        ["extra member"] = static (text, random) => At(text, '{', random, "{\"zzz_unknown\": [1, {\"a\": 2}], "),
        ["Python constants"] = static (text, _) => text.Replace("true", "True").Replace("false", "False").Replace("null", "None"),
        ["other case"] = static (text, _) => text.ToUpperInvariant(),
        ["cut"] = static (text, random) => text[..Whole(text, random)],
        ["letter lost"] = static (text, random) => Whole(text, random) is var at && !char.IsSurrogate(text[at]) ? text.Remove(at, 1) : text,
        ["letter added"] = static (text, random) => text.Insert(Whole(text, random), "x"),
        ["line break in a text"] = static (text, random) => At(text, ' ', random, "\n"),
        ["values swapped"] = static (text, _) => text.Replace("\":\"", "\":7,\"").Replace("\": \"", "\": 7, \""),
        ["bracket for brace"] = static (text, random) => At(text, '}', random, "]"),
        ["object for value"] = static (text, random) => At(text, ':', random, ":{\"value\":"),
        ["prose only"] = static (_, _) => "I cannot answer that.",
    };

    [Fact]
    public void A_document_with_a_mistake_becomes_valid()
    {
        Random random = new(3);
        int count = 0, corrections = 0;
        List<string> abandoned = [];
        foreach (JsonSchema schema in SchemaCorpus.All)
        {
            ValueNode node = new SchemaCompiler(schema).Compile();
            DocumentGenerator documents = new(schema, random);
            foreach ((string name, Func<string, Random, string> breakage) in Breakages)
            {
                string broken = breakage(documents.Next(), random);
                ConstrainedModel model = new(node);

                string? document = model.Write(ConstrainedModel.Cut(broken, random));

                string context = $"{name}: {broken} for {schema.Root.GetRawText()} became {document}";
                count++;
                if (document is null)
                {
                    abandoned.Add(context);
                    continue;
                }

                using JsonDocument parsed = JsonDocument.Parse(document);
                schema.Validate(parsed.RootElement, CpuBudget.Unlimited()).Should().BeEmpty(context);
                corrections += model.Corrections;
            }
        }

        count.Should().BeGreaterThan(2000);
        abandoned.Should().HaveCountLessThan(count / 100);
        corrections.Should().BeLessThan(8 * count, "most mistakes need few corrections");
    }

    [Fact]
    public void A_document_that_is_cut_at_a_limit_is_closed_or_left_as_it_is()
    {
        Random random = new(5);
        int closed = 0;
        foreach (JsonSchema schema in SchemaCorpus.All)
        {
            ConstrainedText text = new(new SchemaCompiler(schema).Compile());
            string document = new DocumentGenerator(schema, random).Next();
            text.Add(document[..Whole(document, random)]);

            if (text.Close() is not var (length, closing))
                continue;
            closed++;
            text.CutTo(length);
            using JsonDocument parsed = JsonDocument.Parse(text.Text + closing);
            schema.Validate(parsed.RootElement, CpuBudget.Unlimited()).Should().BeEmpty(document);
        }

        closed.Should().BeGreaterThan(10);
    }

    /// <summary>Returns a random position that is not inside a character.</summary>
    private static int Whole(string text, Random random) => random.Next(text.Length) is var at && char.IsLowSurrogate(text[at]) ? at - 1 : at;

    private static string Without(string text, char c, Random random) => At(text, c, random, "");

    private static string At(string text, char c, Random random, string replacement)
    {
        int[] places = [.. text.Index().Where(item => item.Item == c).Select(item => item.Index)];
        return places.Length == 0 ? text : string.Concat(text.AsSpan(0, places[random.Next(places.Length)] is var at ? at : 0), replacement, text.AsSpan(at + 1));
    }
}
