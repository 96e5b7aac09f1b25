/** Where a reader can begin: each is an address of a simulation. */

const TWO = "entry=a,work,metered,0,,api_key&entry=b,home,metered,1,,api_key";
const THREE = `${TWO}&entry=c,spare,metered,2,,api_key`;
const OWNERS = "entry=a,work-1,metered,0,acme,api_key&entry=b,work-2,metered,1,acme,api_key&entry=c,home,metered,2,me,api_key";
const LOGIN = "entry=a,plan,subscription,0,,oauth&entry=b,key,metered,1,,api_key";
const LIMIT = "generic/rate-limit";

export const FIRST = `simulate?provider=openai&strategy=fill_first&${TWO}&do=reply:a:${LIMIT},reply:a:${LIMIT}`;

/** By their names; the first is what an empty address shows, with nothing sent yet. */
export const STORIES = {
  "A second 429": `${FIRST},send,wait:3600,send`,
  "One owner, out of money": `simulate?provider=openai&strategy=fill_first&${OWNERS}&do=reply:a:openai/insufficient-quota,send,send`,
  "A login is refreshed": `simulate?provider=chatgpt&strategy=fill_first&${LOGIN}&do=reply:a:chatgpt/token-expired,send,wait:3540,send`,
  "A grant is gone": `simulate?provider=chatgpt&strategy=fill_first&${LOGIN}&do=reply:a:chatgpt/token-expired,reply:a:token-gone,send,wait:86400,send,revive:a,send`,
  "Everybody is throttled": `simulate?provider=openai&strategy=fill_first&${THREE}&do=${["a", "b", "c"].flatMap((id) => [`reply:${id}:${LIMIT}`, `reply:${id}:${LIMIT}`]).join(",")},send,send,wait:60,send`,
  "A probe": `simulate?provider=openai&strategy=fill_first&${TWO}&do=reply:a:openai/insufficient-quota,reply:b:openai/insufficient-quota,send,send,wait:7200,send,send`,
};
