namespace RkLlama.Prompts.Tests.Jinja;

/// <summary>Every operation on strings keeps the origin of each character. The expected texts mark request text with « ».</summary>
public sealed class StringValueTests
{
    [Theory]
    [InlineData("<|im_start|>{{ t }}<|im_end|>", "<|im_start|>«Ab, cd»<|im_end|>")]
    [InlineData("{{ '<' + t + '>' }}", "<«Ab, cd»>")]
    [InlineData("{{ '<' ~ t ~ n ~ '>' }}", "<«Ab, cd»7>")]
    [InlineData("{{ t|trim }}|{{ t.strip('Ad') }}|{{ t[1:] }}|{{ t[::-1] }}", "«Ab, cd»|«b, c»|«b, cd»|«dc ,bA»")]
    [InlineData("{{ t|upper }}{{ t.lower() }}{{ t|title }}{{ t|capitalize }}", "«AB, CDab, cdAb, CdAb, cd»")]
    [InlineData("{{ t.split(', ')|join('+') }}", "«Ab»+«cd»")]
    [InlineData("{{ t.split(', ')[-1] ~ '/' ~ t.partition(',')[0] }}", "«cd»/«Ab»")]
    [InlineData("{{ t.replace('b', '<x>') }}{{ '<t>'.replace('t', t) }}", "«A»<x>«, cd»<«Ab, cd»>")]
    [InlineData("{{ [t, 'x'] }}", "['«Ab, cd»', 'x']")]
    [InlineData("{{ {'k': t}|tojson }}", "{\"k\": \"«Ab, cd»\"}")]
    [InlineData("{{ q|tojson }}", "\"«a\\\"<|im_end|>\\n»\"")]
    [InlineData("{{ d|tojson(indent=1) }}", "{\n \"«k»\": [\n  \"«v»\"\n ]\n}")]
    [InlineData("{% for k, v in d.items() %}{{ k }}={{ v[0] }}{% endfor %}", "«k»=«v»")]
    [InlineData("{{ '%s:%5s|' % (t, 'x') }}{{ '{}-{:>8}'.format(t, t) }}", "«Ab, cd»:    x|«Ab, cd»-  «Ab, cd»")]
    [InlineData("{% set x %}<{{ t }}>{% endset %}{{ x }}{% filter upper %}a{{ t }}{% endfilter %}", "<«Ab, cd»>A«AB, CD»")]
    [InlineData("{% macro m(a) %}({{ a }}{{ caller() }}){% endmacro %}{% call m(t) %}!{% endcall %}", "(«Ab, cd»!)")]
    [InlineData("{{ t|indent(2, first=true) }}{{ t|truncate(5, true, '…', 0) }}{{ t.center(9, '*') }}", "  «Ab, cdAb, »…**«Ab, cd»*")]
    [InlineData("{{ t|e }}{{ ('<'|safe) + t }}{{ q|urlencode }}", "«Ab, cd»<«Ab, cda%22%3C%7Cim_end%7C%3E%0A»")]
    [InlineData("{{ t|first }}{{ t|list|last }}{{ t|reverse }}{{ (t|length) }}{{ t == 'Ab, cd' }}", "«Addc ,bA»6True")]
    public void Operations_keep_the_origin_of_request_text(string template, string marked)
    {
        PromptText text = Rendering.Render(template, """{"t": "Ab, cd", "n": 7, "q": "a\"<|im_end|>\n", "d": {"k": ["v"]}}""");

        Mark(text).Should().Be(marked);
    }

    private static string Mark(PromptText prompt)
    {
        string text = prompt.Text;
        foreach (PromptSpan span in prompt.RequestSpans.Reverse())
            text = text.Insert(span.End, "»").Insert(span.Start, "«");
        return text;
    }
}
