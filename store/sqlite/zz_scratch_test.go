package sqlite
import ("testing";"database/sql";"database/sql/driver";"context";"strings";"math/rand/v2";"encoding/binary";"sort";"bytes"
_ "modernc.org/sqlite"
_ "github.com/golang-migrate/migrate/v4/database/sqlite"
_ "github.com/golang-migrate/migrate/v4/database/pgx/v5"
)
type row struct{v int64; id [16]byte}
func BenchmarkX(b *testing.B){
 for _, mode := range []string{"plain1","plain16","plain64","plain200","ignore64","ret64","ret1", "ignore1"} { b.Run(mode, func(b *testing.B){
 db,_ := sql.Open("sqlite","file:"+b.TempDir()+"/x.db?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=temp_store(2)&_pragma=cache_size(-65536)")
 db.SetMaxOpenConns(1)
 defer db.Close()
 _,err := db.Exec(`create table events(visit_id INTEGER NOT NULL,id BLOB NOT NULL,visitor_id INTEGER NOT NULL,site_id INTEGER NOT NULL,time INTEGER NOT NULL,seq INTEGER NOT NULL,name TEXT NOT NULL,path_id INTEGER NOT NULL,title_id INTEGER NOT NULL,properties TEXT,revenue INTEGER,currency TEXT NOT NULL DEFAULT '',engaged_ms INTEGER NOT NULL DEFAULT 0, primary key(visit_id,id,visitor_id)) without rowid`)
 if err!=nil{b.Fatal(err)}
 n := 64
 if strings.HasSuffix(mode,"16"){n=16}; if strings.HasSuffix(mode,"200"){n=200}
 if strings.HasSuffix(mode,"n1")||strings.HasSuffix(mode,"t1")||strings.HasSuffix(mode,"e1"){n=1}
 q := "INSERT INTO events VALUES "+strings.TrimSuffix(strings.Repeat("(?,?,?,?,?,?,?,?,?,?,?,?,?),",n),",")
 if !strings.HasPrefix(mode,"plain") {q+=" ON CONFLICT DO NOTHING"}
 if strings.HasPrefix(mode,"ret"){q+=" RETURNING visit_id, id"}
 ctx := context.Background()
 c,_ := db.Conn(ctx)
 c.Raw(func(dc any) error {
  st,err := dc.(driver.ConnPrepareContext).PrepareContext(ctx,q); if err!=nil{b.Fatal(err)}
  be,_ := dc.(driver.ConnPrepareContext).PrepareContext(ctx,"begin immediate")
  cm,_ := dc.(driver.ConnPrepareContext).PrepareContext(ctx,"commit")
  args := make([]driver.NamedValue,13*n)
  for i := range args{args[i].Ordinal=i+1}
  const B = 6400
  rows := make([]row,B)
  props := `{"plan":"pro","button":"buy now","n":42}`
  b.ResetTimer()
  for b.Loop(){
   for i := range rows{ rows[i].v = 800000000000000000+rand.Int64N(2000)<<20; binary.LittleEndian.PutUint64(rows[i].id[:],rand.Uint64()); binary.LittleEndian.PutUint64(rows[i].id[8:],rand.Uint64())}
   sort.Slice(rows,func(i,j int)bool{ if rows[i].v!=rows[j].v{return rows[i].v<rows[j].v}; return bytes.Compare(rows[i].id[:],rows[j].id[:])<0})
   be.(driver.StmtExecContext).ExecContext(ctx,nil)
   for i:=0;i<B;i+=n{
    for j:=0;j<n;j++{ a := args[j*13:]; r:=&rows[i+j]
     a[0].Value=r.v;a[1].Value=r.id[:];a[2].Value=r.v^12345;a[3].Value=int64(1);a[4].Value=int64(1790000000000)+int64(i);a[5].Value=int64(j);a[6].Value="$view";a[7].Value=int64(i)*77777777777;a[8].Value=int64(i)*55577777777;a[9].Value=props;a[10].Value=nil;a[11].Value="";a[12].Value=int64(0)}
    if strings.HasPrefix(mode,"ret"){
      rs,err := st.(driver.StmtQueryContext).QueryContext(ctx,args); if err!=nil{b.Fatal(err)}
      d:=make([]driver.Value,2); k:=0
      for rs.Next(d)==nil{k++}
      rs.Close(); if k!=n{b.Fatal(k)}
    } else {
    res,err := st.(driver.StmtExecContext).ExecContext(ctx,args); if err!=nil{b.Fatal(err)}
    if k,_:=res.RowsAffected();int(k)!=n{b.Fatal(k)}
    }
   }
   if _,err:=cm.(driver.StmtExecContext).ExecContext(ctx,nil);err!=nil{b.Fatal(err)}
  }
  b.ReportMetric(float64(b.N)*B/b.Elapsed().Seconds(),"rows/s")
  return nil
 })
 })}
}
